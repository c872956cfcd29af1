"""Made-up records on the real postcodes of one district, for demonstration, tests and benches."""
