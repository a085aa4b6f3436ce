-- Signals of some time as vehicle_locations of TIDES, oldest first. The live engine runs the same statement on DuckDB.
select
    location_ping_id,
    service_date,
    event_timestamp,
    vehicle_id,
    pattern_id,
    stop_id,
    current_status,
    latitude,
    longitude,
    gps_quality,
    heading,
    speed,
    odometer
from tides_vehicle_locations
where event_timestamp >= %(de)s and event_timestamp < %(ate)s
order by event_timestamp, vehicle_id
limit %(limite)s
