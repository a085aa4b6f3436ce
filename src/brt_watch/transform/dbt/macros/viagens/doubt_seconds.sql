{% macro arrival_doubt_s(seen, room_s) -%}
{#- Half the 90 % interval of an arrival, from whether a signal was sent at the station and from the seconds in which the arrival
    must lie. Fitted to a simulated morning (seed 5): nine in ten errors are smaller. -#}
case
    when {{ seen }} and {{ room_s }} < 22 then 6
    when {{ seen }} then least(11 + 0.35 * greatest(0, {{ room_s }} - 30), 22 + 0.09 * {{ room_s }})
    when {{ room_s }} < 22 then 23
    when {{ room_s }} < 36 then 9
    when {{ room_s }} < 45 then 15
    else 12 + 0.2 * {{ room_s }}
end
{%- endmacro %}

{% macro departure_doubt_s(seen, room_s) -%}
{#- The same for a departure. -#}
case
    when {{ seen }} then least(4 + 0.33 * greatest(0, {{ room_s }} - 40), 20 + 0.1 * {{ room_s }})
    when {{ room_s }} < 45 then 4.5
    when {{ room_s }} < 60 then 10
    else 14 + 0.19 * {{ room_s }}
end
{%- endmacro %}
