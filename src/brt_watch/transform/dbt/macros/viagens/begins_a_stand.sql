{% macro begins_a_stand() -%}
{#- 1 where a signal does not go on with the stand of the one before, else 0: their sum numbers the stands. A bus stands
    where its signals are slow (parado), near in time (segundo) and near in the plane (leste_m, norte_m). -#}
case
    when
        parado
        and segundo - segundo_anterior <= {{ var('viagem_espera_seguida_s') }}
        and power(leste_m - leste_anterior_m, 2) + power(norte_m - norte_anterior_m, 2)
        <= power({{ var('viagem_espera_m') }}, 2)
        then 0
    else 1
end
{%- endmacro %}
