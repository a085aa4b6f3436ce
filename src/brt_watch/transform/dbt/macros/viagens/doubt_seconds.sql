{% macro arrival_doubt_s(seen, room_s) -%}
{#- Half the 90 % interval of an arrival, from whether a signal was sent at the station and from the seconds in which the arrival
    must lie. Fitted to a simulated evening and checked on a morning (seeds 602 and 601): nine in ten errors are smaller. -#}
case
    when {{ seen }} and {{ room_s }} < 22 then 6
    when {{ seen }} then least(7 + 0.3 * greatest(0, {{ room_s }} - 31), 15 + 0.05 * {{ room_s }})
    when {{ room_s }} < 22 then 25
    when {{ room_s }} < 30 then 7
    when {{ room_s }} < 45 then 13
    else least(12 + 0.22 * {{ room_s }}, 45 + 0.06 * {{ room_s }})
end
{%- endmacro %}

{% macro departure_doubt_s(seen, room_s) -%}
{#- The same for a departure. -#}
case
    when {{ seen }} then least(4 + 0.5 * greatest(0, {{ room_s }} - 40), 18 + 0.12 * {{ room_s }})
    when {{ room_s }} < 30 then 4.5
    when {{ room_s }} < 45 then 8.5
    when {{ room_s }} < 60 then 15
    else least(14 + 0.25 * {{ room_s }}, 45 + 0.06 * {{ room_s }})
end
{%- endmacro %}
