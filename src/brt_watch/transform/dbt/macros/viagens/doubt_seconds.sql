{% macro arrival_doubt_s(seen, room_s) -%}
{#- Half of the 90 % interval of an arrival or departure, from whether a signal was sent at the station and from the seconds
    within which it must lie. Fitted to a simulated evening: nine of ten errors are smaller. -#}
case
    when {{ seen }} then least(4 + 0.35 * greatest(0, {{ room_s }} - 22), 30 + 0.1 * {{ room_s }})
    when {{ room_s }} < 30 then 28
    when {{ room_s }} < 60 then 14
    else 20 + 0.2 * {{ room_s }}
end
{%- endmacro %}

{% macro departure_doubt_s(seen, room_s) -%}
{#- The same for a departure. -#}
case
    when {{ seen }} then least(3.5 + 0.3 * greatest(0, {{ room_s }} - 40), 25 + 0.1 * {{ room_s }})
    when {{ room_s }} < 50 then 6
    else 15 + 0.18 * {{ room_s }}
end
{%- endmacro %}
