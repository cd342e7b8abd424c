"""Scores the engine on questions whose answers are known; see docs/evaluation.md."""
