"""The services' routes, asked as members' pages and as whoever types a command ask them."""
