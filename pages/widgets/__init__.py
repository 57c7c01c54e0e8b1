"""What pages share: the viewer, charts, pickers."""
