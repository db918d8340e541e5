"""Training: the fixed fine-tuning recipe, and the in-suite pretrainings."""
