"""Where, and with what: the area, its roads, and the deployment of one scenario."""
