"""What the user asks for: YAML text -> values with their lines -> scenarios, or every problem."""
