"""The probe: what runs inside the VPC. It asks and does not judge, and knows nothing of AWS."""
