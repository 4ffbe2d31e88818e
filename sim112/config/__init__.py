"""What a scenario is: frozen, checked models of every choice and number that a user may change."""
