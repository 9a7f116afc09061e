"""What every other folder stands on: errors for people, addresses, credentials, paths, files
written whole.

May import: nothing.
"""
