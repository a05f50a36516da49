"""What this machine is: host, accelerators, driver, the audited Python; always through child processes."""
