"""The shared part of the DNS servers whose forward zones are made by an API."""
