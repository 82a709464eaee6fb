"""Contributed files in an editor: findings as one types, and what a word stands for. Only server.py knows the protocol."""
