"""Two networks against each other: two optimizers, each with steps of its own."""

import torch
import torch.nn as nn

LATENT = 8


def main():
    torch.manual_seed(5)
    generator = nn.Sequential(nn.Linear(LATENT, 32), nn.ReLU(), nn.Linear(32, 2))
    discriminator = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
    optimizer_g = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    criterion = nn.BCEWithLogitsLoss()
    real_label, fake_label = torch.ones(16, 1), torch.zeros(16, 1)
    for step in range(6):
        real = torch.randn(16, 2) * 0.5 + 1.0
        discriminator.zero_grad()
        criterion(discriminator(real), real_label).backward()
        fake = generator(torch.randn(16, LATENT))
        criterion(discriminator(fake.detach()), fake_label).backward()
        optimizer_d.step()

        generator.zero_grad()
        loss = criterion(discriminator(fake), real_label)
        loss.backward()
        optimizer_g.step()
        print(f"step {step}: {loss.item():.4f}")


if __name__ == "__main__":
    main()
