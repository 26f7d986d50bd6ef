"""DNS servers whose forward zones are made by an API: what all of them share."""
