{% macro overlap_s(first, second) -%}
{#- Seconds that two advances have in common; negative where they lie apart. -#}
(least({{ first }}.chegada, {{ second }}.chegada) - greatest({{ first }}.partida, {{ second }}.partida))
{%- endmacro %}

{% macro exclude_each_other(first, second) -%}
{#- Whether two advances, or an advance and itself, cannot both be trips: they have more than a minute in common, or more than
    half of the shorter one. -#}
(
    {{ overlap_s(first, second) }} > least(
        60, ({{ first }}.chegada - {{ first }}.partida) / 2, ({{ second }}.chegada - {{ second }}.partida) / 2
    )
)
{%- endmacro %}
