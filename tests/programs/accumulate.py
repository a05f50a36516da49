"""A classifier with gradient accumulation, clipping, a checkpoint, and a second half that goes on from it."""

import os
import random
import tempfile

import torch
import torch.nn.functional as F
from torch import nn

ACCUMULATE = 2


def make():
    model = nn.Sequential(
        nn.Linear(16, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    return model, optimizer


def batches(order, inputs, targets):
    for first in range(0, len(order), 8):
        picked = order[first : first + 8]
        yield inputs[picked], targets[picked]


def train(model, optimizer, inputs, targets, epochs):
    for epoch in epochs:
        random.seed(epoch)
        order = list(range(len(inputs)))
        random.shuffle(order)
        for index, (x, y) in enumerate(batches(order, inputs, targets)):
            loss = F.cross_entropy(model(x), y) / ACCUMULATE
            loss.backward()
            if (index + 1) % ACCUMULATE == 0:
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad()


def main():
    torch.manual_seed(3)
    inputs, targets = torch.randn(64, 16), torch.randint(0, 4, (64,))
    model, optimizer = make()
    train(model, optimizer, inputs, targets, range(2))

    path = os.path.join(tempfile.mkdtemp(), "checkpoint.pt")
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "rng": torch.get_rng_state()}
    torch.save(state, path)

    model, optimizer = make()
    state = torch.load(path)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["rng"])
    train(model, optimizer, inputs, targets, range(2, 4))
    model.eval()
    print("accuracy", (model(inputs).argmax(1) == targets).float().mean().item())


if __name__ == "__main__":
    main()
