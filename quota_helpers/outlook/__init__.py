"""What the numbers mean: bars, pace, answers; pure, nothing is drawn here, and the clock is an argument."""
