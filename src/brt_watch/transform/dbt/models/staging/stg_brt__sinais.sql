-- One row is a signal of a vehicle, with everything that follows from the signal alone.
with sinais as (
    select
        codigo,
        placa,
        linha,
        {% if var('linha_e_rota') %}coalesce(linha_da_rota, linha){% else %}nullif(replace(linha, ' ', ''), '0'){% endif %} as servico,
        latitude,
        longitude,
        datahora,
        velocidade,
        id_migracao_trajeto,
        sentido as sentido_da_api,
        trajeto,
        hodometro,
        direcao,
        ignicao,
        captured_at,
        case
            when capturer like 'recovered-%' then 'recuperado'
            when capturer like 'import-%' then 'importado'
            else 'capturado'
        end as origem,
        load_id,
        {{ seconds_between('captured_at', 'datahora') }} as adiantamento_segundos
    from {{ source('brt', 'brt_raw') }}
    {% if var('linha_e_rota') %}{{ names_of_routes('linha') | indent(4) }}{% endif %}
),

final as (
    select
        sinais.codigo,
        sinais.placa,
        sinais.linha,
        sinais.servico,
        sinais.latitude,
        sinais.longitude,
        sinais.datahora,
        sinais.velocidade,
        sinais.id_migracao_trajeto,
        -- The path's id and name give the direction; the word alone has changed its meaning over time.
        coalesce(
            ids.sentido,
            nomes.sentido_na_rede,
            case
                when trocas.linha is null then sinais.sentido_da_api
                when sinais.sentido_da_api = 'ida' then 'volta'
                when sinais.sentido_da_api = 'volta' then 'ida'
                else sinais.sentido_da_api
            end
        ) as sentido,
        sinais.trajeto,
        sinais.hodometro,
        sinais.direcao,
        sinais.ignicao,
        sinais.captured_at,
        sinais.origem,
        sinais.load_id,
        sinais.adiantamento_segundos,
        sinais.latitude = 0 and sinais.longitude = 0 as flag_sem_posicao,
        not (
            sinais.latitude between {{ var('area_latitude_minima') }} and {{ var('area_latitude_maxima') }}
            and sinais.longitude between {{ var('area_longitude_minima') }} and {{ var('area_longitude_maxima') }}
        ) as flag_fora_da_area,
        sinais.adiantamento_segundos > {{ var('futuro_segundos') }} as flag_futuro,
        -- A recovered signal is asked for hours later, which says nothing of the device.
        sinais.origem <> 'recuperado'
        and sinais.adiantamento_segundos < -{{ var('atrasado_segundos') }} as flag_atrasado,
        not {{ is_fleet_code('sinais.codigo') }} as flag_codigo_fora_da_frota,
        coalesce(
            sinais.velocidade < 0 or sinais.velocidade > {{ var('velocidade_improvavel_kmh') }}, false
        ) as flag_velocidade_improvavel
    from sinais
    left join {{ ref('trajeto_ids') }} as ids
        on
            sinais.id_migracao_trajeto = ids.id_migracao_trajeto
            and sinais.servico = ids.linha
    left join {{ ref('trajeto_nomes') }} as nomes
        on
            sinais.servico = nomes.linha
            and sinais.sentido_da_api = nomes.sentido
            and sinais.trajeto = nomes.trajeto
    left join {{ ref('sentido_trocas') }} as trocas
        on
            sinais.servico = trocas.linha
            and sinais.datahora < trocas.ate
)

select * from final
