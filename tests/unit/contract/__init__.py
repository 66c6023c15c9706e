"""The contract's parts, one by one."""
