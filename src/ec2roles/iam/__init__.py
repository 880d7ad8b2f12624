"""Who may do what: roles, instance profiles, users, managed policies, and the directory of one account."""
