#!/bin/sh
# Install the checkout in this folder with the releases of constraints.txt.
# DEVICE: cpu or cuda. CPU_TORCH: index of PyTorch's builds for CPUs.
set -eu
export PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
if [ "$DEVICE" = cpu ]; then
  pip install --no-deps --constraint constraints.txt --index-url "$CPU_TORCH" torch torchvision
fi
pip install --constraint constraints.txt ".[cluster,demo,lora,parquet]"
