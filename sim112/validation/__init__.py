"""Cases with known answers, and the suite that holds the simulation against them."""
