"""In-suite pretraining: the loop, its objectives, and how images are corrupted."""
