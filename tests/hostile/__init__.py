"""Tables of hostile requests: each is sent byte for byte, and its response is compared with the contract."""
