"""A network and a data set of one's own: what is in this package knows nothing of softshare."""
