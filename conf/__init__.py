"""The YAML files of softshare: values and their meaning, nothing else."""
