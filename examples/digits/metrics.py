"""A metric of one's own, and a loss to retrain on."""

from torch.nn.functional import cross_entropy


def make_balanced_accuracy():
    """Return the mean over the classes of the share of each that is right; more is better."""

    def balanced_accuracy(scores, labels):
        right = scores.argmax(dim=1) == labels
        return sum(right[labels == c].float().mean() for c in labels.unique()) / len(
            labels.unique()
        )

    return balanced_accuracy


def make_smoothed_loss():
    """Return cross-entropy with smoothed labels (Szegedy et al. 2016)."""
    return lambda scores, labels: cross_entropy(scores, labels, label_smoothing=0.1)
