"""Contributed files in an editor: findings as one types, and what a word stands for. Knows nothing of HTTP."""
