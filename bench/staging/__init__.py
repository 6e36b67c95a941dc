"""`bench/staging.sh`: the largest share of the YMERA plan that this machine carries together with its target."""
