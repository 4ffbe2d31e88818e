"""What happens: the model itself, from the first ring to the unit back at its station."""
