"""The tests, and the fakes that they stand on."""
