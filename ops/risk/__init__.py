"""The motivated intruder: what somebody who holds a release, and knows the district, could find."""
