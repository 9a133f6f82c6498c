"""Who calls: accounts, passwords, tokens."""
