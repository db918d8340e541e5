"""Models: from a card to a network with the right weights and the right parts frozen."""
