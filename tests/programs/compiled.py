"""A compiled model in an ordinary loop."""

import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(1, 8, 5, padding=2)
        self.norm = nn.GroupNorm(2, 8)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        return self.head(torch.relu(self.norm(self.conv(x))).mean(-1))


def main():
    torch.manual_seed(11)
    inputs, targets = torch.randn(8, 16, 1, 32), torch.randint(0, 3, (8, 16))
    model = Net()
    compiled = torch.compile(model, backend="aot_eager")
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
    loss_fn = nn.CrossEntropyLoss(label_smoothing=0.1)
    for x, y in zip(inputs, targets):
        optimizer.zero_grad()
        loss = loss_fn(compiled(x), y)
        loss.backward()
        optimizer.step()
    print(f"loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
