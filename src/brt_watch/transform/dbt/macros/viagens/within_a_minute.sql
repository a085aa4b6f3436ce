{% macro within_a_minute(earliest, latest, estimate) -%}
{#- An estimate of a moment, no farther than a minute from the earliest and the latest one that the signals allow, where they lie no
    more than two minutes apart. -#}
case
    when {{ latest }} - {{ earliest }} <= 120
        then greatest({{ latest }} - 60, least({{ earliest }} + 60, {{ estimate }}))
    else {{ estimate }}
end
{%- endmacro %}
