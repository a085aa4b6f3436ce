-- One row is a version of the city's rules (v1 until May 2026, v3 since) with how many of the loaded signals it leaves
-- out or reports differently from us, and why. The rules run once over everything, without their restart at each hour.
{% set versoes = {
    'v1': city_literal_v1("'-infinity'", "'infinity'"),
    'v3': city_literal_v3("'-infinity'", "'infinity'"),
} %}

{% for versao, literal in versoes.items() %}
select
    '{{ versao }}' as regra,
    count(*) as sinais,
    count(prefeitura.id_veiculo) as tem,
    sum(case when prefeitura.id_veiculo is null and flag_fora_da_area then 1 else 0 end) as faltam_fora_da_area,
    sum(case when prefeitura.id_veiculo is null and not flag_fora_da_area and nossa.linha is null then 1 else 0 end)
    as faltam_sem_linha,
    sum(
        case
            when
                prefeitura.id_veiculo is null and not flag_fora_da_area and nossa.linha is not null
                and adiantamento_segundos between -60 and 0
                then 1
            else 0
        end
    ) as faltam_frescos,
    sum(case when prefeitura.id_veiculo is not null and adiantamento_segundos < -60 then 1 else 0 end) as tem_velhos,
    sum(
        case
            when
                prefeitura.id_veiculo is not null and prefeitura.velocidade_instantanea is null
                and nossa.velocidade_instantanea is not null
                then 1
            else 0
        end
    ) as velocidade_perdida,
    sum(
        case
            when prefeitura.velocidade_estimada_10_min = 0 and nossa.velocidade_estimada_10_min is null then 1
            else 0
        end
    ) as parado_sem_anterior,
    sum(
        case
            when abs(prefeitura.velocidade_estimada_10_min - nossa.velocidade_estimada_10_min) > 1 then 1
            else 0
        end
    ) as outra_media,
    sum(case when prefeitura.flag_em_movimento != nossa.flag_em_movimento then 1 else 0 end) as outro_movimento,
    sum(case when prefeitura.flag_trajeto_correto_hist != nossa.flag_trajeto_correto_hist then 1 else 0 end)
    as outro_trajeto,
    sum(case when prefeitura.id_veiculo is not null and prefeitura.status is null then 1 else 0 end) as sem_status,
    sum(case when prefeitura.status != nossa.status then 1 else 0 end) as outro_status
from {{ ref('gps_brt') }} as nossa
left join {{ literal }} as prefeitura
    on nossa.id_veiculo = prefeitura.id_veiculo and nossa.timestamp_gps = prefeitura.timestamp_gps
{{ 'union all' if not loop.last }}
{% endfor %}
