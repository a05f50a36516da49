"""What the job `fleet` is made of: a rank's identity, its watched probes, the meeting of all ranks, and their sums."""
