"""crhelper 2.0.12 as it is installed, and this provider: one test for each defect that only crhelper shows."""
