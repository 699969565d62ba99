"""Devices to judge on: the twin, which any machine has, and the accelerators that are present.

Import from `torchkata.devices.twin` and `torchkata.devices.real`; this file imports nothing, so
that a process that never touches a device does not pay for torch.
"""
