"""Networks: layers, LeNet, ConvNet, and how a model is stored."""
