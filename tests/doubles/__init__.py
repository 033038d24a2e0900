"""Stand-ins for services outside: servers that speak the real protocol, never mocks of our own code."""
