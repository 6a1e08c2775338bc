"""Inception-v3 with random weights, in a file of the form that FID's weights have."""

from pathlib import Path


def random_inception(file: Path) -> Path:
    """Write the weights into ``file``, and return it."""
    import torch
    from torchvision.models import inception_v3

    torch.manual_seed(0)
    # FID's network has the same layers with 1,008 classes, and no auxiliary ones.
    network = inception_v3(weights=None, num_classes=1008, aux_logits=False, init_weights=False)
    for weights in network.parameters():
        if weights.ndim > 1:  # so that what one layer gives is as large as what the last one gave
            torch.nn.init.kaiming_normal_(weights)
    torch.save(network.state_dict(), file)
    return file
