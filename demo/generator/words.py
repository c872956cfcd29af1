"""List the words of made-up addresses, callers and log texts."""

STREET_NAMES = (
    "Acacia", "Alder", "Ashgrove", "Barley", "Beech", "Birchwood", "Bramble", "Brook", "Cedar",
    "Chantry", "Cherry", "Chestnut", "Clover", "Coronation", "Cowslip", "Crane", "Dovecote",
    "Elder", "Elmfield", "Fairfield", "Fern", "Foxglove", "Garden", "Hawthorn", "Hazel", "Heather",
    "Heron", "Highfield", "Holly", "Honeysuckle", "Jubilee", "Juniper", "Kestrel", "Kingfisher",
    "Larch",
    "Lark", "Laurel", "Lavender", "Lilac", "Linden", "Magnolia", "Maple", "Marigold", "Meadow",
    "Mulberry", "Nelson", "Northfield", "Oakfield", "Orchard", "Pear Tree", "Pine", "Plover",
    "Poplar", "Primrose", "Quarry", "Redwood", "Robin", "Rowan", "Sandpiper", "Silver", "Snowdrop",
    "Southfield", "Sparrow", "Spring", "Sycamore", "Tamarisk", "Thistle", "Tulip", "Valley",
    "Violet", "Walnut", "Wayside", "Wellington", "Westfield", "Willow", "Windmill", "Wood",
    "Yew Tree",
)  # fmt: skip

STREET_KINDS = {
    "Road": 30.0, "Street": 20.0, "Close": 14.0, "Lane": 9.0, "Avenue": 10.0, "Drive": 6.0,
    "Crescent": 3.0, "Way": 4.0, "Grove": 2.0, "Gardens": 2.0,
}  # fmt: skip

LOCALITIES = (
    "Upper Wick", "Nether Combe", "Ashby Green", "Millbrook", "Coombe Hill", "Westbourne",
    "Stonebridge", "Larkhill", "Fairmead", "Brookvale", "Eastwell", "Northcote", "Priors Field",
    "Holmwood", "Sandford Cross", "Thornbury Park",
)  # fmt: skip

HOUSE_NAMES = (
    "Rose Cottage", "The Old Rectory", "Orchard House", "Ivy Cottage", "The Coach House",
    "Manor Farm", "Hillside", "The Lodge", "Greenacres", "Mill House", "Fairview", "The Barn",
)  # fmt: skip

FEMALE_NAMES = (
    "Olivia", "Amelia", "Isla", "Ava", "Mia", "Grace", "Sarah", "Emma", "Susan", "Fatima", "Aisha",
)  # fmt: skip

MALE_NAMES = (
    "George", "Harry", "Noah", "Jack", "Leo", "Oliver", "David", "Paul", "Mohammed", "Andrew",
    "Peter",
)  # fmt: skip

GIVEN_NAMES = (*FEMALE_NAMES, *MALE_NAMES)

FAMILY_NAMES = (
    "Smith", "Jones", "Taylor", "Brown", "Williams", "Wilson", "Johnson", "Davies", "Patel",
    "Wright",
    "Walker", "Thompson", "White", "Hughes", "Edwards", "Green", "Hall", "Wood", "Khan", "Clarke",
)  # fmt: skip

INN_NAMES = (
    "Plover", "Golden Heron", "Kestrel", "Three Larks", "Barley Mow", "Old Windmill", "Sandpiper",
    "Crane", "White Dovecote", "Juniper", "Wheatsheaf", "Quarryman",
)  # fmt: skip

INN_KINDS = ("Inn", "Arms", "Tavern", "Bar", "Club")
