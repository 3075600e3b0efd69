"""What a measurement comes to: the judging of it, and the figures that it rests on; pure."""
