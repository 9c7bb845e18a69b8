"""Networks, data, prior, retraining, codec: everything that knows torch and no database."""
