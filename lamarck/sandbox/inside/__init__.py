"""What runs in a warm sandbox before a job does: bound into it as a folder of modules, standard library only.

zygote      boots once, loads what jobs need, forks for each of them
hardening   what a fork does to itself before it becomes a job
"""
