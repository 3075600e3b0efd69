"""How a trial goes: a workload is started, warmed up, made to fail, waited for, and seen out."""
