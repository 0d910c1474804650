"""What tests share: small worlds of parties, without brokers or with them."""
