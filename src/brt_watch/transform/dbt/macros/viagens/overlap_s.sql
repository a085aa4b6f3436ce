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

{% macro turns_back(there, back) -%}
{#- Whether an advance ends on the way and the second one, in the other direction, begins there soon after. -#}
(
    not {{ there }}.ao_terminal
    and not {{ back }}.do_terminal
    and {{ back }}.partida between {{ there }}.chegada - 60 and {{ there }}.chegada + {{ var('volta_espera_s') }}
    and abs({{ back }}.comprimento_m - {{ back }}.de_m - {{ there }}.ate_m) <= {{ var('volta_m') }}
)
{%- endmacro %}
