"""A radio of software: the air between devices, a hardened peripheral and a central, all on bumble's stack."""
