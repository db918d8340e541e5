"""Cards as text: lists with filters, and one summary for people of each kind of card."""
