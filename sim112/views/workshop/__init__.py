"""The workshop: a local page on which people switch 112 on and off and see at once what it changes."""
